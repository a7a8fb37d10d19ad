"""The bank of planted faults, made by rewriting the syntax tree of handgrad's own backward at run time.

`harness.bank.catalogue` has the faults, `harness.bank.fault` says what one is and which kinds there are, and
`harness.bank.classes` which of them no gradient tells apart. The other modules are one family of faults each, and what
they are made with: the tagged lines of a function (`lines`) are read as plain arithmetic (`trees`), a family proposes
other values for them (`rewrite`), those that fit become faults, and a fault is compiled when it is first run
(`compiled`).

A cell, a loss or a tagged line that is new to handgrad has its faults by being there.
"""

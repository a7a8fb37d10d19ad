"""The arrays of the public signatures by their axes; T time, B batch, D input, H hidden, K output, A gates × H.

They are plain arrays to Python and to the type checker; the tests check the axes that are written here, at run time.
"""

from typing import Annotated

import numpy as np

A = Annotated[np.ndarray, "A"]
AD = Annotated[np.ndarray, "A D"]
AH = Annotated[np.ndarray, "A H"]
BH = Annotated[np.ndarray, "B H"]
TBD = Annotated[np.ndarray, "T B D"]
TBH = Annotated[np.ndarray, "T B H"]
TBK = Annotated[np.ndarray, "T B K"]
#: states and one more: index 0 is the initial state
T1BH = Annotated[np.ndarray, "T+1 B H"]
#: i, f, g, o of all steps
T4BH = Annotated[np.ndarray, "T 4 B H"]

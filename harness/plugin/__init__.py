"""What the pytest plug-in does where it is used; imported only then."""

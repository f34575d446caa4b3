"""The kernel: the path of a change, for any system. It knows no system by name."""

"""The kill switch: the gate and its latch file, and the sweep that has the venue show zero."""

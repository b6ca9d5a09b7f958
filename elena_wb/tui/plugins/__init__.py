"""The screen of what is installed, and of what works on this machine."""

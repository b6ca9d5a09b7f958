"""The program as its user runs it, against servers that misbehave: what is promised, seen from outside."""

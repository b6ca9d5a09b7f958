"""The screen of two runs side by side: what changed, in numbers and pair by pair."""

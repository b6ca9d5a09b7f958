"""The screen of new runs: the form, the plan that follows from it, and the jobs that were started."""

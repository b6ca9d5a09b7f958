"""The screen of questions in SQL: an editor that completes names, answers, history, export."""

"""The screen of blind rating: sessions, a form for new ones, the page on which answers are rated, results."""

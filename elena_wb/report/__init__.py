"""Findings as one HTML file that opens anywhere: what was asked, how, what came out, and how to check and repeat it.

May import findings and everything below them; draws nothing itself but what a page needs.
"""

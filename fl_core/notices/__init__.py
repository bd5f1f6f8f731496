"""Notices to people who are not at a page: by e-mail and by webhook; each daemon says what a notice is about."""

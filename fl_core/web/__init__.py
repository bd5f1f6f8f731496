"""What both daemons' web layers share: gate, problems, live updates, static pages."""

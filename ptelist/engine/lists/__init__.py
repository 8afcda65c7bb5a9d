"""rmap and parent_ptes lists, pure: closed form, event by event, walks, histograms."""

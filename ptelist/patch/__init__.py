"""From a patch series to the reply: what it changes in structs, and what that costs."""

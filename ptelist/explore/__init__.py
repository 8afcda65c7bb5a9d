"""A live what-if: levers on one side, what they move on the other, in a terminal."""

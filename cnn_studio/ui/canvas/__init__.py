"""The canvas: layer cards, wires, the mouse gestures on them, and the search for a layer to insert."""

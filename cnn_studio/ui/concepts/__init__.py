"""Concept pictures: what a layer does, with its own parameters on its own input, drawn by the program.

`paint_concept` draws one with any painter; `ConceptPicture` is the widget of the inspector and `ConceptTip` the pop-up
beside the mouse. Each module of pictures draws one kind of layer and knows no widgets.
"""

"""Plots of a run. Importing this package loads neither numpy nor pyqtgraph; `LivePlot.activate` does."""

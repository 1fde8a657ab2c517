"""What the engine counts and measures, in Prometheus' text format.

live      LiveExecutionMetrics: the ten families with fixed names, and the export
trust     TrustMetrics: what says how far the engine's picture can be trusted
events    EventMetrics: folds the engine's events into them
families  counters, gauges and histograms, as plain numbers beside the text of their lines
export    a registry as text
"""

from engine.metrics.events import EventMetrics
from engine.metrics.live import LiveExecutionMetrics
from engine.metrics.trust import TrustMetrics

__all__ = ["EventMetrics", "LiveExecutionMetrics", "TrustMetrics"]

"""What the engine counts and measures, in Prometheus' text format.

live      LiveExecutionMetrics: the ten families with fixed names, and the export
trust     TrustMetrics: what says how far the engine's picture can be trusted
events    EventMetrics: folds the engine's events into them
families  prometheus_client's counters, gauges and histograms, their members bound once
export    a registry as text
"""

from engine.metrics.events import EventMetrics
from engine.metrics.live import LiveExecutionMetrics
from engine.metrics.trust import TrustMetrics

__all__ = ["EventMetrics", "LiveExecutionMetrics", "TrustMetrics"]

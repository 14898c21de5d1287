"""The tools that are compared: one adapter each, and which of them are here."""

from . import concurrently, flowlayer, mprocs, pitchfork, process_compose, procfile


def known(flowlayer_path):
    return [
        flowlayer.FlowLayer(flowlayer_path),
        mprocs.Mprocs(),
        pitchfork.Pitchfork(),
        process_compose.ProcessCompose(),
        procfile.Honcho(),
        procfile.Foreman(),
        procfile.Hivemind(),
        procfile.Overmind(),
        concurrently.Concurrently(),
    ]

"""How the process, its threads and the network's memory are laid out for training."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
import torch

from cnn_studio.compiler import lower
from cnn_studio.engine.computing import Computing
from cnn_studio.engine.events import Tuning
from cnn_studio.graph.starters import find_starter


def in_new_process(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout.split()


@pytest.mark.parametrize(("starter", "size"), [("lenet5", 32), ("small-cnn", 28), ("resnet18", 64)])
def test_channels_last_reaches_every_map_even_from_grey_images(starter, size):
    network = lower(find_starter(starter).build())
    computing = Computing(network, torch.device("cpu"), Tuning(channels_last=True, threads=1))
    orders = []
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(
                lambda _module, _inputs, out: orders.append(
                    out.is_contiguous(memory_format=torch.channels_last) and not out.is_contiguous()
                )
            )
    channels = next(m.in_channels for m in network.modules() if isinstance(m, torch.nn.Conv2d))
    computing.logits(torch.randn(2, channels, size, size))
    assert orders[:2] == [True, True]


def test_a_thread_that_leaves_the_cores_to_others_has_one():
    assert in_new_process(
        """
        import threading, torch
        torch.set_num_threads(3)
        from cnn_studio.engine.device import leave_cores_to_others
        leave_cores_to_others()
        print(torch.get_num_threads())
        later = threading.Thread(target=lambda: print(torch.get_num_threads()))
        later.start(); later.join()
        print(torch.get_num_threads())
        """
    ) == ["1", "3", "1"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc can be told to keep memory")
def test_a_prepared_process_keeps_memory_for_the_next_step_and_gives_it_back_when_told():
    code = """
        import os, resource, threading
        from cnn_studio.app.threads import give_memory_back, prepare_process
        if {prepare}:
            prepare_process()
        import torch
        def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        def megabytes(): return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20
        def work():
            for step in range(20):  # the first ones find out how much is wanted
                if step == 10:
                    before = faults()
                blocks = [torch.ones(10_000_000) for _ in range(2)]
                del blocks
            print(faults() - before)
        thread = threading.Thread(target=work)
        thread.start(); thread.join()
        held = megabytes()
        give_memory_back()
        print(held - megabytes())
        """
    plain, _ = map(int, in_new_process(code.format(prepare=False)))
    prepared, given_back = map(int, in_new_process(code.format(prepare=True)))
    assert plain > 10 * prepared
    assert given_back > 60

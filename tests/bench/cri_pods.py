# SPDX-License-Identifier: Apache-2.0
"""cri_pods.py HANDLER COUNT: makes pods of one container as the kubelet does, and removes them after a line of
input. After each it prints how many of its calls failed."""
import sys

import grpc

import cri_client

handler, count = sys.argv[1], int(sys.argv[2])


def without_failure(call, *args, **named):
    """What it returns, or None"""
    try:
        return call(*args, **named)
    except grpc.RpcError as error:
        print(error.details(), file=sys.stderr)
        return None


def make():
    # No address is needed, and a bridge has 1,023 ports.
    pod = cri_client.Pod(handler, namespaces={"network": cri_client.NODE}, hostname="")
    made.append(pod)
    pod.container("sleep", "100000").start()
    return True


made = []
print(sum(not without_failure(make) for _ in range(count)), flush=True)
sys.stdin.readline()
print(sum(not without_failure(lambda: pod.__exit__() or True) for pod in made), flush=True)

# SPDX-License-Identifier: Apache-2.0
"""Kubernetes' container runtime interface, as much of it as the tests call.

Protocol Buffers of a few messages, by tables with the field numbers of runtime.v1, so that nothing is
generated and nothing but Debian's python3-grpcio is needed. A message is a dict; what is unset is
absent, unknown fields are skipped.
"""
import os

import grpc


class Message:
    """FIELDS: name -> (number, type); a type is str, bytes, int, bool, a Message, [type] or {str: str}."""

    def __init__(self, **fields):
        self.fields = fields
        self.by_number = {number: (name, kind) for name, (number, kind) in fields.items()}


def varint(value):
    value &= (1 << 64) - 1
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


PAIR = Message(key=(1, str), value=(2, str))


def encode_field(number, kind, value):
    if isinstance(kind, list):
        return b"".join(encode_field(number, kind[0], item) for item in value)
    if isinstance(kind, dict):
        return b"".join(encode_field(number, PAIR, {"key": k, "value": v}) for k, v in value.items())
    if kind in (int, bool):
        return varint(number << 3) + varint(int(value))
    if isinstance(kind, Message):
        value = encode(kind, value)
    elif kind is str:
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def encode(message, values):
    return b"".join(encode_field(*message.fields[name], value) for name, value in values.items())


def decoded(kind, value):
    if isinstance(kind, Message):
        return decode(kind, value)
    if kind is str:
        return value.decode()
    if kind is int:  # two's complement of 64 bits
        return value - (1 << 64) if value >> 63 else value
    return kind(value)


def store(values, name, kind, value):
    if isinstance(kind, list):
        values.setdefault(name, []).append(decoded(kind[0], value))
    elif isinstance(kind, dict):
        pair = decode(PAIR, value)
        values.setdefault(name, {})[pair.get("key", "")] = pair.get("value", "")
    else:
        values[name] = decoded(kind, value)


def decode(message, data):
    values, at = {}, 0
    while at < len(data):
        tag, at = read_varint(data, at)
        wire = tag & 7
        if wire == 0:
            value, at = read_varint(data, at)
        elif wire == 2:
            size, at = read_varint(data, at)
            value, at = data[at:at + size], at + size
        else:  # fixed: 8 or 4 bytes, which no field of these messages has
            at += 8 if wire == 1 else 4
            continue
        if (tag >> 3) in message.by_number:
            store(values, *message.by_number[tag >> 3], value)
    return values


# of a machine that emulates another, on what a call may take
SLOWNESS = int(os.environ.get("SLOWNESS", "1"))
MAP = {str: str}
INT = Message(value=(1, int))
NAMESPACES = Message(network=(1, int), pid=(2, int), ipc=(3, int), target_id=(4, str))
PROFILE = Message(profile_type=(1, int), localhost_ref=(2, str))
RESOURCES = Message(
    cpu_period=(1, int), cpu_quota=(2, int), cpu_shares=(3, int), memory_limit_in_bytes=(4, int),
    oom_score_adj=(5, int), hugepage_limits=(8, [Message(page_size=(1, str), limit=(2, int))]),
    unified=(9, MAP))
POD_METADATA = Message(name=(1, str), uid=(2, str), namespace=(3, str), attempt=(4, int))
POD_SECURITY = Message(
    namespace_options=(1, NAMESPACES), run_as_user=(3, INT), readonly_rootfs=(4, bool),
    supplemental_groups=(5, [int]), privileged=(6, bool), run_as_group=(8, INT), seccomp=(9, PROFILE))
POD = Message(
    metadata=(1, POD_METADATA), hostname=(2, str), log_directory=(3, str),
    dns_config=(4, Message(servers=(1, [str]), searches=(2, [str]), options=(3, [str]))),
    labels=(6, MAP), annotations=(7, MAP),
    linux=(8, Message(cgroup_parent=(1, str), security_context=(2, POD_SECURITY), sysctls=(3, MAP))))
SECURITY = Message(
    capabilities=(1, Message(add_capabilities=(1, [str]), drop_capabilities=(2, [str]))),
    privileged=(2, bool), namespace_options=(3, NAMESPACES), run_as_user=(5, INT),
    run_as_username=(6, str), readonly_rootfs=(7, bool), supplemental_groups=(8, [int]),
    no_new_privs=(11, bool), run_as_group=(12, INT), masked_paths=(13, [str]),
    readonly_paths=(14, [str]), seccomp=(15, PROFILE))
IMAGE = Message(image=(1, str))
MOUNT = Message(container_path=(1, str), host_path=(2, str), readonly=(3, bool), propagation=(5, int))
CONTAINER_METADATA = Message(name=(1, str), attempt=(2, int))
CONTAINER = Message(
    metadata=(1, CONTAINER_METADATA), image=(2, IMAGE), command=(3, [str]), args=(4, [str]),
    working_dir=(5, str), envs=(6, [PAIR]), mounts=(7, [MOUNT]),
    devices=(8, [Message(container_path=(1, str), host_path=(2, str), permissions=(3, str))]),
    labels=(9, MAP), annotations=(10, MAP), log_path=(11, str), stdin=(12, bool),
    stdin_once=(13, bool), tty=(14, bool),
    linux=(15, Message(resources=(1, RESOURCES), security_context=(2, SECURITY))))
POD_STATUS = Message(
    id=(1, str), metadata=(2, POD_METADATA), state=(3, int),
    network=(5, Message(ip=(1, str))), labels=(7, MAP), annotations=(8, MAP),
    runtime_handler=(9, str))
STATUS = Message(
    id=(1, str), metadata=(2, CONTAINER_METADATA), state=(3, int), exit_code=(7, int),
    reason=(10, str), message=(11, str), labels=(12, MAP), annotations=(13, MAP))
NUMBER = Message(value=(1, int))
STATS = Message(
    attributes=(1, Message(id=(1, str))),
    cpu=(2, Message(timestamp=(1, int), usage_core_nano_seconds=(2, NUMBER))),
    memory=(3, Message(timestamp=(1, int), working_set_bytes=(2, NUMBER))))
EMPTY = Message()
POD_ID = Message(pod_sandbox_id=(1, str))
ID = Message(container_id=(1, str))
URL = Message(url=(1, str))

# method -> (request, response)
METHODS = {
    "Version": (EMPTY, Message(runtime_name=(2, str), runtime_api_version=(4, str))),
    "Status": (EMPTY, Message(status=(1, Message(conditions=(1, [Message(
        type=(1, str), status=(2, bool), reason=(3, str), message=(4, str))]))))),
    "RunPodSandbox": (Message(config=(1, POD), runtime_handler=(2, str)), POD_ID),
    "StopPodSandbox": (POD_ID, EMPTY),
    "RemovePodSandbox": (POD_ID, EMPTY),
    "PodSandboxStatus": (POD_ID, Message(status=(1, POD_STATUS))),
    "ListPodSandbox": (EMPTY, Message(items=(1, [POD_STATUS]))),
    "CreateContainer": (
        Message(pod_sandbox_id=(1, str), config=(2, CONTAINER), sandbox_config=(3, POD)), ID),
    "StartContainer": (ID, EMPTY),
    "StopContainer": (Message(container_id=(1, str), timeout=(2, int)), EMPTY),
    "RemoveContainer": (ID, EMPTY),
    "ListContainers": (EMPTY, Message(containers=(1, [Message(id=(1, str), state=(6, int))]))),
    "ContainerStatus": (ID, Message(status=(1, STATUS))),
    "UpdateContainerResources": (Message(container_id=(1, str), linux=(2, RESOURCES)), EMPTY),
    "ReopenContainerLog": (ID, EMPTY),
    "ExecSync": (
        Message(container_id=(1, str), cmd=(2, [str]), timeout=(3, int)),
        Message(stdout=(1, bytes), stderr=(2, bytes), exit_code=(3, int))),
    "Exec": (Message(
        container_id=(1, str), cmd=(2, [str]), tty=(3, bool), stdin=(4, bool), stdout=(5, bool),
        stderr=(6, bool)), URL),
    "Attach": (Message(
        container_id=(1, str), stdin=(2, bool), tty=(3, bool), stdout=(4, bool),
        stderr=(5, bool)), URL),
    "PortForward": (Message(pod_sandbox_id=(1, str), port=(2, [int])), URL),
    "ContainerStats": (ID, Message(stats=(1, STATS))),
}


class Runtime:
    """runtime.v1.RuntimeService; a method is called with the request's fields, and returns a dict."""

    def __init__(self, socket):
        self.channel = grpc.insecure_channel("unix://" + socket)

    def __getattr__(self, method):
        request, response = METHODS[method]
        call = self.channel.unary_unary(
            "/runtime.v1.RuntimeService/" + method,
            request_serializer=lambda values: encode(request, values),
            response_deserializer=lambda data: decode(response, data))
        return lambda **values: call(values, timeout=60 * SLOWNESS)

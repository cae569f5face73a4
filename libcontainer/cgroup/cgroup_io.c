/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "libcontainer/cgroup/cgroup_limit_files.h"
#include "libcontainer/cgroup/cgroup_limits.h"

/* The BFQ scheduler has a file of its own, with the scale of the spec; io.weight is iocost's. Which
 * of the two applies depends on the device, and can change, so both are set. Neither takes a device
 * of the other's (EOPNOTSUPP). */
static bool is_missing(int r)
{
	return r == -ENOENT || r == -EOPNOTSUPP;
}

/* DEVICE: "8:0 " or empty. */
static int put_io_weight(
	struct limits *l, const char *property, const char *device, struct oci_u32 weight)
{
	const struct limit bfq = {property, "io.bfq.weight", 0}, io = {property, "io.weight", 0};
	char value[96]; /* a device number is at most 64 of them */
	int r, of_bfq;

	if (weight.value == 0)
		return 0;
	if (weight.value < 10 || weight.value > 1000)
		return cgroup_limit_bad(l, property, "%u is not within 10 and 1000", weight.value);
	(void)snprintf(value, sizeof(value), "%.63s%u", device, weight.value);
	of_bfq = cgroup_limit_write(l, bfq.file, value);
	if (of_bfq < 0 && !is_missing(of_bfq))
		return cgroup_limit_judge(l, &bfq, value, of_bfq);
	(void)snprintf(value, sizeof(value), "%.63s%llu", device,
		(unsigned long long)cgroup_io_weight(weight.value));
	r = cgroup_limit_write(l, io.file, value);
	if (of_bfq == 0 && is_missing(r))
		return 0;
	return cgroup_limit_judge(l, &io, value, r);
}

/* LIST is blockIO.NAME; KEY is its name in io.max. */
static int put_throttle(struct limits *l, const char *name, const char *key,
	const struct oci_throttle_device *list, size_t n)
{
	char property[64], value[96];
	size_t i;

	for (i = 0; i < n; i++) {
		const struct limit limit = {property, "io.max", 0};
		int r;

		if (list[i].rate.value == 0)
			continue;
		(void)snprintf(property, sizeof(property), "blockIO.%s[%zu]", name, i);
		(void)snprintf(value, sizeof(value), "%lld:%lld %s=%llu", (long long)list[i].major,
			(long long)list[i].minor, key, (unsigned long long)list[i].rate.value);
		r = cgroup_limit_put(l, &limit, value);
		if (r < 0)
			return r;
	}
	return 0;
}

static int apply_io_weights(struct limits *l, const struct oci_block_io *io)
{
	char property[64], device[64];
	size_t i;
	int r = put_io_weight(l, "blockIO.weight", "", io->weight);

	for (i = 0; r == 0 && i < io->n_weight_device; i++) {
		(void)snprintf(property, sizeof(property), "blockIO.weightDevice[%zu].weight", i);
		(void)snprintf(device, sizeof(device), "%lld:%lld ",
			(long long)io->weight_device[i].major,
			(long long)io->weight_device[i].minor);
		r = put_io_weight(l, property, device, io->weight_device[i].weight);
	}
	return r;
}

int cgroup_limits_apply_io(struct limits *l)
{
	const struct oci_block_io *io = l->resources->block_io;
	int r;

	if (!io)
		return 0;
	r = apply_io_weights(l, io);
	if (r == 0)
		r = put_throttle(l, "throttleReadBpsDevice", "rbps", io->throttle_read_bps_device,
			io->n_throttle_read_bps_device);
	if (r == 0)
		r = put_throttle(l, "throttleWriteBpsDevice", "wbps", io->throttle_write_bps_device,
			io->n_throttle_write_bps_device);
	if (r == 0)
		r = put_throttle(l, "throttleReadIOPSDevice", "riops",
			io->throttle_read_iops_device, io->n_throttle_read_iops_device);
	if (r == 0)
		r = put_throttle(l, "throttleWriteIOPSDevice", "wiops",
			io->throttle_write_iops_device, io->n_throttle_write_iops_device);
	return r;
}

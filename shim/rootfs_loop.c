/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/rootfs_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	ATTEMPTS = 100,
};

static int failed(const char *call, const char *file, char text[static JOB_TEXT])
{
	(void)snprintf(text, JOB_TEXT, "%s for the mount option loop of %.300s: %s", call, file,
		strerror(errno));
	return -1;
}

/* Returns an fd, or -1: with EBUSY the device was taken by another process. */
static int configure(const char *path, int flags, const struct loop_config *config)
{
	int device = open(path, flags), error;

	if (device < 0 || ioctl(device, LOOP_CONFIGURE, config) == 0)
		return device;
	error = errno;
	(void)close(device);
	errno = error;
	return -1;
}

int rootfs_loop_open(const char *file, bool read_only, bool direct, char ret_path[ROOTFS_LOOP_PATH],
	char text[static JOB_TEXT])
{
	const int flags = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;
	struct loop_config config = {.info.lo_flags = LO_FLAGS_AUTOCLEAR};
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int backing = open(file, flags), device = -1;

	config.info.lo_flags |= read_only ? LO_FLAGS_READ_ONLY : 0;
	config.info.lo_flags |= direct ? LO_FLAGS_DIRECT_IO : 0;
	(void)snprintf((char *)config.info.lo_file_name, LO_NAME_SIZE, "%s", file);
	config.fd = (__u32)backing;
	if (control < 0)
		(void)failed("open /dev/loop-control", file, text);
	else if (backing < 0)
		(void)failed("open the file", file, text);
	for (int i = 0; control >= 0 && backing >= 0 && device < 0 && i < ATTEMPTS; i++) {
		const int number = ioctl(control, LOOP_CTL_GET_FREE);

		if (number < 0) {
			(void)failed("find a free loop device", file, text);
			break;
		}
		(void)snprintf(ret_path, ROOTFS_LOOP_PATH, "/dev/loop%d", number);
		device = configure(ret_path, flags, &config);
		if (device < 0)
			(void)failed(ret_path, file, text);
		if (device < 0 && errno != EBUSY)
			break;
	}
	if (control >= 0)
		(void)close(control);
	if (backing >= 0)
		(void)close(backing);
	return device;
}

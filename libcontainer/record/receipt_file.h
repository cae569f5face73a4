/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RECEIPT_FILE_H
#define NACRE_RECEIPT_FILE_H

#include <limits.h>
#include <sys/types.h>

#include "specs/error.h"

/* Writes a new file on a disk that may become full, or on a machine that may crash: under a
 * temporary name first, so that it appears completely or not at all. It replaces no file, and
 * follows no symlink. */
struct receipt_file {
	const char *path; /* borrowed */
	const char *name; /* its last component */
	int dir_fd;
	int fd;
	char temporary[NAME_MAX + 1];
};

void receipt_file_init(struct receipt_file *file);
/* Closes the fds and removes an unfinished file. */
void receipt_file_done(struct receipt_file *file);

/* Begins a file. -EEXIST: PATH exists. If PATH is absolute, no component of its directory may be a
 * symlink. */
int receipt_file_begin(
	const char *path, mode_t mode, struct receipt_file *ret_file, struct nacre_error *err);
int receipt_file_add(struct receipt_file *file, const char *text, struct nacre_error *err);
/* Flushes the file to the disk and gives it its name. -EEXIST: another process created PATH
 * meanwhile. */
int receipt_file_finish(struct receipt_file *file, struct nacre_error *err);

/* Writes a whole file. An existing file with the same text was written by a command that was
 * killed: no error. */
int receipt_file_write(const char *path, const char *text, struct nacre_error *err);

/* Resolves PATH for later, when the working directory may be another or the path of the directory
 * may have been changed: absolute, without symlinks in the directory. -EEXIST: the file exists. */
int receipt_file_settle(const char *path, char ret_path[PATH_MAX], struct nacre_error *err);

/* Returns the path of nacre's file NAME: below SYSTEM for root of the host; for others in the
 * directory "nacre" below the one that the environment variable VARIABLE names, or below
 * HOME/BELOW. */
int receipt_file_place(const char *system, const char *variable, const char *below,
	const char *name, char ret_path[PATH_MAX], struct nacre_error *err);

#endif

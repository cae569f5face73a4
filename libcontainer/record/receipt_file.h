/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RECEIPT_FILE_H
#define NACRE_RECEIPT_FILE_H

#include <limits.h>
#include <sys/types.h>

#include "specs/error.h"

/* A new file on a disk that may be full, or end with the machine: written under another name beside
 * it, and there as a whole or not at all. It takes nothing's place, and no symlink leads to it. */
struct receipt_file {
	const char *path; /* borrowed */
	const char *name; /* its last component */
	int dir_fd;
	int fd;
	char temporary[NAME_MAX + 1];
};

void receipt_file_init(struct receipt_file *file);
/* Closes, and removes what was not finished. */
void receipt_file_done(struct receipt_file *file);

/* -EEXIST: PATH is there. Its directory is opened through no symlink if PATH is absolute. */
int receipt_file_begin(
	const char *path, mode_t mode, struct receipt_file *ret_file, struct nacre_error *err);
int receipt_file_add(struct receipt_file *file, const char *text, struct nacre_error *err);
/* It is on the disk and has its name. -EEXIST: another was faster. */
int receipt_file_finish(struct receipt_file *file, struct nacre_error *err);

/* All of that. One that is there with this very text was written by a command that was killed: no
 * error. */
int receipt_file_write(const char *path, const char *text, struct nacre_error *err);

/* PATH as it will be there when the caller stands elsewhere and its directory may have been
 * changed: absolute, the directory without symlinks. -EEXIST: it is there. */
int receipt_file_settle(const char *path, char ret_path[PATH_MAX], struct nacre_error *err);

/* Where NAME of nacre lies: below SYSTEM for root of the host; for others in the directory "nacre"
 * of the one that VARIABLE of the environment names, or of HOME/BELOW. */
int receipt_file_place(const char *system, const char *variable, const char *below,
	const char *name, char ret_path[PATH_MAX], struct nacre_error *err);

#endif

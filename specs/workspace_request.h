/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_REQUEST_H
#define NACRE_WORKSPACE_REQUEST_H

#include "specs/arena.h"
#include "specs/spec.h"

/*
 * Reads --workspace SRC[:DEST][:cow|direct|ro][,size=N[,tmpfs]] and the annotation
 * run.nacre.workspace=DEST [DEST...]. Pure: no path is opened.
 */

/* A plain bind, which is not written to: it has no struct oci_workspace. */
#define WORKSPACE_READ_ONLY "ro"

struct workspace_request {
	const char *source; /* absolute, clean */
	const char *destination; /* likewise; without one: the source's path */
	const char *form; /* WORKSPACE_COW if none was named */
	uint64_t bytes; /* 0: no limit is asked for */
	bool tmpfs;
	bool placed; /* a destination was named, perhaps the source's path */
};

/* BASE: what a relative SRC lies in. In ARENA. -EINVAL says what was expected. */
int workspace_request_parse(struct arena *arena, const char *text, const char *base,
	struct workspace_request *ret_request, struct nacre_error *err);

/* The destinations that VALUE, of the annotation, names, clean. -EINVAL: one that is not absolute,
 * or none at all. */
int workspace_annotation_parse(struct arena *arena, const char *value,
	struct oci_strings *ret_destinations, struct nacre_error *err);

/* The workspaces of CONFIG as the command line would ask for them, in the order of its mounts:
 * "/src:/w:cow,size=1048576,tmpfs". -ENOMEM, without a text. */
int workspace_words(struct arena *arena, const struct oci_config *config, struct oci_strings *ret);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_TOML_LINE_H
#define NACRE_SHIM_TOML_LINE_H

/* Reads one line of a TOML table whose values are strings, numbers and booleans, as containerd
 * writes the options of a runtime. Pure. */

/* Changes LINE, which then holds the key and the value, without quotes. Returns 1; 0: a blank line
 * or a comment; -1: anything else. */
int toml_line_read(char *line, const char **ret_key, const char **ret_value);

#endif

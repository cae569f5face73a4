/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_OOM_SCORE_H
#define NACRE_OOM_SCORE_H

#include <sys/types.h>

#include "specs/error.h"

/* Sets process.oomScoreAdj of PID through /proc. To lower it needs CAP_SYS_RESOURCE; to set the
 * present value never fails. */
int oom_score_apply(int proc_fd, pid_t pid, int score, struct nacre_error *err);

/* Sets the caller's own score for its children to inherit, for a caller without privilege, who
 * cannot write the score of an undumpable child: its files in /proc belong to root, proc(5).
 * *RET_OWN: the value to restore with oom_score_apply, which such a caller always may. */
int oom_score_lend(int proc_fd, int score, int *ret_own, struct nacre_error *err);

#endif

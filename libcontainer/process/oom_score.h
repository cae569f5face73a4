/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_OOM_SCORE_H
#define NACRE_OOM_SCORE_H

#include <sys/types.h>

#include "specs/error.h"

/* process.oomScoreAdj of PID through /proc. Lowering it needs CAP_SYS_RESOURCE; setting what it
 * already is never fails. */
int oom_score_apply(int proc_fd, pid_t pid, int score, struct nacre_error *err);

/* For a caller without privilege, who cannot write the score of an undumpable child (its files are
 * root's, proc(5)): sets the caller's own, for children to inherit. *RET_OWN: what to set it back
 * to by oom_score_apply, which a caller who could leave it always may. */
int oom_score_lend(int proc_fd, int score, int *ret_own, struct nacre_error *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_PAYLOAD_H
#define NACRE_TESTS_PAYLOAD_H

/*
 * The program inside the containers of the integration tests: static, so that a rootfs needs
 *nothing else. It is told what to do by verbs, several of them apart by ":", and reports on stdout
 *what it saw from inside:
 *
 *	payload id : status CapEff NoNewPrivs : mount tmpfs none /mnt
 *
 * An action answers "VERB: ok" or "VERB: EPERM"; the exit code is 1 if one failed.
 */

struct verb {
	const char *name;
	int args; /* at least */
	int (*run)(int argc, char **argv);
};

/* Ended by a verb without a name. */
extern const struct verb look_verbs[]; /* what it sees of itself */
extern const struct verb file_verbs[]; /* what it can do with files */
extern const struct verb try_verbs[]; /* what a hostile one would try */
extern const struct verb gated_verbs[]; /* and what root may on the machine */
extern const struct verb run_verbs[]; /* how it goes on and ends */
extern const struct verb load_verbs[]; /* what it uses up */
extern const struct verb seize_verbs[]; /* what it gets of the runtime */

/* Prints "VERB: ok", or for a negative RESULT the name of errno. The exit code. */
int answer(const char *verb, long result);

#endif

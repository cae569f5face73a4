/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/inject/bundle.h"

#include "tests/inject/world.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FIRST_ID "100000"

/* clang-format off */
static const char config[] =
"{\"ociVersion\": \"1.3.0\", \"hostname\": \"inject\", \"domainname\": \"inject.test\",\n"
"\"root\": {\"path\": \"rootfs\", \"readonly\": true},\n"
"\"process\": {\"terminal\": false, \"user\": {\"uid\": 0, \"gid\": 0, \"additionalGids\": [7]}, \"cwd\": \"/\",\n"
" \"args\": [\"/look\"%s], \"env\": [\"PATH=/\", \"A=b\"], \"noNewPrivileges\": true, \"oomScoreAdj\": 100,\n"
" \"capabilities\": {\"bounding\": [\"CAP_KILL\", \"CAP_CHOWN\"], \"effective\": [\"CAP_KILL\"],\n"
"  \"permitted\": [\"CAP_KILL\"], \"inheritable\": [\"CAP_KILL\"], \"ambient\": [\"CAP_KILL\"]},\n"
" \"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"hard\": 1024, \"soft\": 1000}]},\n"
"\"mounts\": [\n"
" {\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"},\n"
" {\"destination\": \"/dev\", \"type\": \"tmpfs\", \"source\": \"tmpfs\",\n"
"  \"options\": [\"nosuid\", \"strictatime\", \"mode=755\", \"size=65536k\"]},\n"
" {\"destination\": \"/dev/pts\", \"type\": \"devpts\", \"source\": \"devpts\",\n"
"  \"options\": [\"nosuid\", \"noexec\", \"newinstance\", \"ptmxmode=0666\", \"mode=0620\"]},\n"
" {\"destination\": \"/dev/shm\", \"type\": \"tmpfs\", \"source\": \"shm\",\n"
"  \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"mode=1777\", \"size=65536k\"]},\n"
" {\"destination\": \"/dev/mqueue\", \"type\": \"mqueue\", \"source\": \"mqueue\",\n"
"  \"options\": [\"nosuid\", \"noexec\", \"nodev\"]},\n"
" {\"destination\": \"/sys\", \"type\": \"sysfs\", \"source\": \"sysfs\",\n"
"  \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"ro\"]},\n"
" {\"destination\": \"/sys/fs/cgroup\", \"type\": \"cgroup\", \"source\": \"cgroup\",\n"
"  \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"relatime\", \"ro\"]},\n"
" {\"destination\": \"/mnt\", \"type\": \"bind\", \"source\": \"" WORLD_BUNDLE "/rootfs/etc\",\n"
"  \"options\": [\"rbind\", \"ro\"]}],\n"
"\"hooks\": {\"createRuntime\": [{\"path\": \"/bin/true\"}], \"createContainer\": [{\"path\": \"/bin/true\"}],\n"
" \"startContainer\": [{\"path\": \"/look\", \"args\": [\"look\", \"true\"]}],\n"
" \"poststart\": [{\"path\": \"/bin/true\"}], \"poststop\": [{\"path\": \"/bin/true\"}]},\n"
"\"linux\": {\"cgroupsPath\": \"%s\", %s\n"
" \"namespaces\": [{\"type\": \"pid\"}, {\"type\": \"network\"}, {\"type\": \"ipc\"}, {\"type\": \"uts\"},\n"
"  {\"type\": \"mount\"}, {\"type\": \"cgroup\"}%s],\n"
" \"sysctl\": {\"kernel.msgmax\": \"4096\"},\n"
" \"resources\": {\"devices\": [{\"allow\": false, \"access\": \"rwm\"}],\n"
"  \"unified\": {\"cgroup.max.depth\": \"3\"}},\n"
" \"seccomp\": {\"defaultAction\": \"SCMP_ACT_ALLOW\",\n"
"  \"syscalls\": [{\"names\": [\"getcpu\"], \"action\": \"SCMP_ACT_ERRNO\"}]},\n"
" \"maskedPaths\": [\"/proc/kcore\", \"/proc/keys\", \"/proc/timer_list\", \"/sys/firmware\"],\n"
" \"readonlyPaths\": [\"/proc/sys\", \"/proc/sysrq-trigger\"]}}\n";

static const char ids[] =
"\"uidMappings\": [{\"containerID\": 0, \"hostID\": " FIRST_ID ", \"size\": 65536}],\n"
" \"gidMappings\": [{\"containerID\": 0, \"hostID\": " FIRST_ID ", \"size\": 65536}],\n";
/* clang-format on */

static int give_away(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return lchown(path, (uid_t)strtoul(FIRST_ID, NULL, 10), (gid_t)strtoul(FIRST_ID, NULL, 10));
}

void bundle_write(const char *argument, bool user_namespace)
{
	char text[8192], words[64] = "";

	if (argument)
		(void)snprintf(words, sizeof(words), ", \"%s\"", argument);
	(void)snprintf(text, sizeof(text), config, words, world_cgroups_path(),
		user_namespace ? ids : "", user_namespace ? ", {\"type\": \"user\"}" : "");
	write_text(WORLD_BUNDLE "/config.json", text);
	if (user_namespace)
		(void)nftw(WORLD_BUNDLE "/rootfs", give_away, 16, FTW_PHYS);
}

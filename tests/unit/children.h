/* Children for the tests of processes: shells, and how they end. */
#ifndef TESTS_CHILDREN_H
#define TESTS_CHILDREN_H

#include <dvr/base/process.h>

/* A group of its own, without input and output. */
struct process_spec child_spec(const char *const *argv);
#define SHELL(script) \
	child_spec((const char *const[]){ "sh", "-c", (script), NULL })

/* One line from the descriptor, as a number. */
pid_t read_pid(int fd);
/* Waits until the process is gone, or a zombie that waits for its heir. */
void expect_gone(pid_t pid);

#endif

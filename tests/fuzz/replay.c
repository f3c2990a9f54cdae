/*
 * replay.c - runs a fuzz target over files, so that found inputs are tests without a fuzzer.
 *
 *     replay FOLDER|FILE ...
 *
 * Each file once, folders with what is in them (also in folders below). Fails when
 * there is nothing to run: a corpus that was lost should be noticed.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static unsigned long files;

static int run_file(const char *path, size_t size)
{
	/* Exactly as large as the input, so that a sanitizer sees a byte too far. */
	uint8_t *data = malloc(size ? size : 1);
	FILE *f = fopen(path, "rb");
	size_t n = 0;

	if (!f || !data) {
		perror(path);
		free(data);
		if (f)
			fclose(f);
		return -1;
	}
	n = fread(data, 1, size, f);
	fclose(f);
	LLVMFuzzerTestOneInput(data, n);
	free(data);
	files++;
	return 0;
}

static int run_path(const char *path)
{
	struct stat st;
	struct dirent *entry;
	char below[4096];
	int rc = 0;
	DIR *dir;

	if (stat(path, &st) < 0) {
		perror(path);
		return -1;
	}
	if (!S_ISDIR(st.st_mode))
		return run_file(path, (size_t)st.st_size);
	dir = opendir(path);
	if (!dir) {
		perror(path);
		return -1;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >=
			    (int)sizeof(below) ||
		    run_path(below) < 0)
			rc = -1;
	}
	closedir(dir);
	return rc;
}

int main(int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc; i++)
		if (run_path(argv[i]) < 0)
			rc = 1;
	printf("ok 1 - %lu inputs\n", files);
	if (!files) {
		fprintf(stderr, "nothing to run; usage: replay FOLDER|FILE ...\n");
		rc = 1;
	}
	return rc;
}

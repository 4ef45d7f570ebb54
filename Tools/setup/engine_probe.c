/* Loads the engine as the Swift side does, to find a missing library at set-up and not in use.
 * Usage: engine_probe LIBRARY ENTRY. Prints the loader's reason and returns 1 when it fails.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: engine_probe LIBRARY ENTRY\n");
        return 64;
    }
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL || dlsym(library, argv[2]) == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    return 0;
}

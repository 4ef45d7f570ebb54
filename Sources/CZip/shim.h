/* libzip. */
#include <zip.h>

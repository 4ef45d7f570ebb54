#include "reident_engine.h"

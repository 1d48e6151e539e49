#include "keystone_plugin.h"

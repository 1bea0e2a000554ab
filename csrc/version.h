#ifndef TCPS_VERSION_H
#define TCPS_VERSION_H

#define TCPS_VERSION "0.1.0"

#endif

/* The sandbox's network: a namespace of its own whose only way out is a listener that is handed to the host. */
#ifndef KEYSTONE_SANDBOX_NETWORK_H
#define KEYSTONE_SANDBOX_NETWORK_H

/* What the host listens on; -1 where there is none. */
struct network {
  int listener; /* TCP: everything that leaves for an address other than 127.0.0.0/8 */
  int names;    /* UDP 198.18.0.1:53 */
};

/* A new network namespace with nothing but a loopback that is up. False with errno. */
int network_isolate(void);
/* Lets every address be answered by this machine, and redirects all TCP to the listener. NULL, or the step that failed
   with errno. */
const char *network_redirect(struct network *network);

#endif

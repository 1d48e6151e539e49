/*
 * The network by netlink alone, so that nothing need be installed in the sandbox and nothing is started: `ip link set lo
 * up`, `ip route add local default dev lo`, and
 *
 *     table ip keystone { chain output { type nat hook output priority -100;
 *       ip daddr != 127.0.0.0/8 meta l4proto tcp redirect to :1 } }
 *
 * With every IPv4 address local there is no other machine, and a connection to an address that no name was given for
 * reaches the gateway too, which refuses it and writes it down. IPv6 and other protocols have no route.
 */
#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keystone_attachment.h"

#define LOOPBACK_INDEX 1
#define TABLE "keystone"
#define CHAIN "output"
#define NAT_PRIORITY (-100)

/* Netlink messages that are sent together. */
struct batch {
  uint8_t bytes[2048] __attribute__((aligned(8)));
  size_t used;
  struct nlmsghdr *message;
};

static void *reserve(struct batch *batch, size_t size) {
  void *at = batch->bytes + batch->used;
  memset(at, 0, NLMSG_ALIGN(size));
  batch->used += NLMSG_ALIGN(size);
  return at;
}

static void begin(struct batch *batch, uint16_t type, uint16_t flags) {
  batch->message = reserve(batch, sizeof *batch->message);
  batch->message->nlmsg_type = type;
  batch->message->nlmsg_flags = NLM_F_REQUEST | flags;
}

static void end(struct batch *batch) {
  batch->message->nlmsg_len = (uint32_t)(batch->bytes + batch->used - (uint8_t *)batch->message);
}

static void put(struct batch *batch, uint16_t type, const void *data, size_t size) {
  struct nlattr *attribute = reserve(batch, NLA_HDRLEN + size);
  attribute->nla_type = type;
  attribute->nla_len = (uint16_t)(NLA_HDRLEN + size);
  if (size > 0) memcpy((uint8_t *)attribute + NLA_HDRLEN, data, size);
}

static void put_text(struct batch *batch, uint16_t type, const char *text) { put(batch, type, text, strlen(text) + 1); }

static void put_number(struct batch *batch, uint16_t type, uint32_t number) {
  uint32_t value = htonl(number);
  put(batch, type, &value, sizeof value);
}

static struct nlattr *nest(struct batch *batch, uint16_t type) {
  struct nlattr *attribute = reserve(batch, NLA_HDRLEN);
  attribute->nla_type = type | NLA_F_NESTED;
  return attribute;
}

static void close_nest(struct batch *batch, struct nlattr *attribute) {
  attribute->nla_len = (uint16_t)(batch->bytes + batch->used - (uint8_t *)attribute);
}

/* Sends everything and reads answers until `wanted` acknowledgements or an error have come. */
static int exchange(int protocol, const struct batch *batch, int wanted) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) return -1;
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  int number = 0;
  if (sendto(fd, batch->bytes, batch->used, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0) number = errno;
  while (number == 0 && wanted > 0) {
    uint8_t answer[4096] __attribute__((aligned(8)));
    ssize_t size = recv(fd, answer, sizeof answer, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) number = errno;
    for (struct nlmsghdr *at = (struct nlmsghdr *)answer; number == 0 && size > 0 && NLMSG_OK(at, (size_t)size);
         at = NLMSG_NEXT(at, size)) {
      if (at->nlmsg_type != NLMSG_ERROR) continue;
      number = -((struct nlmsgerr *)NLMSG_DATA(at))->error;
      wanted--;
    }
  }
  close(fd);
  errno = number;
  return number == 0 ? 0 : -1;
}

static int bring_up_loopback(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int failed = ioctl(fd, SIOCSIFFLAGS, &request);
  close(fd);
  return failed;
}

int network_isolate(void) { return unshare(CLONE_NEWNET) == 0 && bring_up_loopback() == 0; }

static int make_every_address_local(void) {
  struct batch batch = {.used = 0};
  begin(&batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
  struct rtmsg *route = reserve(&batch, sizeof *route);
  *route = (struct rtmsg){.rtm_family = AF_INET, .rtm_table = RT_TABLE_LOCAL, .rtm_protocol = RTPROT_BOOT,
                          .rtm_scope = RT_SCOPE_HOST, .rtm_type = RTN_LOCAL};
  uint32_t index = LOOPBACK_INDEX;
  put(&batch, RTA_OIF, &index, sizeof index);
  end(&batch);
  return exchange(NETLINK_ROUTE, &batch, 1);
}

static void begin_nft(struct batch *batch, uint16_t type, uint16_t flags) {
  begin(batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags);
  struct nfgenmsg *header = reserve(batch, sizeof *header);
  header->nfgen_family = NFPROTO_IPV4;
}

static void edge(struct batch *batch, uint16_t type) {
  begin(batch, type, 0);
  struct nfgenmsg *header = reserve(batch, sizeof *header);
  header->res_id = htons(NFNL_SUBSYS_NFTABLES);
  end(batch);
}

/* An expression of a rule: its name, and what is put between this and `close_expression`. */
struct expression {
  struct nlattr *element, *data;
};

static struct expression expression(struct batch *batch, const char *name) {
  struct expression made = {.element = nest(batch, NFTA_LIST_ELEM)};
  put_text(batch, NFTA_EXPR_NAME, name);
  made.data = nest(batch, NFTA_EXPR_DATA);
  return made;
}

static void close_expression(struct batch *batch, struct expression made) {
  close_nest(batch, made.data);
  close_nest(batch, made.element);
}

static void put_data(struct batch *batch, uint16_t type, const void *data, size_t size) {
  struct nlattr *attribute = nest(batch, type);
  put(batch, NFTA_DATA_VALUE, data, size);
  close_nest(batch, attribute);
}

static void compare(struct batch *batch, uint32_t operation, const void *data, size_t size) {
  struct expression made = expression(batch, "cmp");
  put_number(batch, NFTA_CMP_SREG, NFT_REG_1);
  put_number(batch, NFTA_CMP_OP, operation);
  put_data(batch, NFTA_CMP_DATA, data, size);
  close_expression(batch, made);
}

static void destination_is_not_loopback(struct batch *batch) {
  struct expression made = expression(batch, "payload");
  put_number(batch, NFTA_PAYLOAD_DREG, NFT_REG_1);
  put_number(batch, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
  put_number(batch, NFTA_PAYLOAD_OFFSET, 16);
  put_number(batch, NFTA_PAYLOAD_LEN, 1); /* the first byte of the address */
  close_expression(batch, made);
  uint8_t loopback = 127;
  compare(batch, NFT_CMP_NEQ, &loopback, sizeof loopback);
}

static void protocol_is_tcp(struct batch *batch) {
  struct expression made = expression(batch, "meta");
  put_number(batch, NFTA_META_DREG, NFT_REG_1);
  put_number(batch, NFTA_META_KEY, NFT_META_L4PROTO);
  close_expression(batch, made);
  uint8_t tcp = IPPROTO_TCP;
  compare(batch, NFT_CMP_EQ, &tcp, sizeof tcp);
}

static void redirect_to_listener(struct batch *batch) {
  struct expression made = expression(batch, "immediate");
  put_number(batch, NFTA_IMMEDIATE_DREG, NFT_REG_1);
  uint16_t port = htons(KS_LISTENER_PORT);
  put_data(batch, NFTA_IMMEDIATE_DATA, &port, sizeof port);
  close_expression(batch, made);
  made = expression(batch, "redir");
  put_number(batch, NFTA_REDIR_REG_PROTO_MIN, NFT_REG_1);
  close_expression(batch, made);
}

static int add_rule(void) {
  struct batch batch = {.used = 0};
  edge(&batch, NFNL_MSG_BATCH_BEGIN);
  begin_nft(&batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
  put_text(&batch, NFTA_TABLE_NAME, TABLE);
  end(&batch);

  begin_nft(&batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
  put_text(&batch, NFTA_CHAIN_TABLE, TABLE);
  put_text(&batch, NFTA_CHAIN_NAME, CHAIN);
  struct nlattr *hook = nest(&batch, NFTA_CHAIN_HOOK);
  put_number(&batch, NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT);
  put_number(&batch, NFTA_HOOK_PRIORITY, (uint32_t)NAT_PRIORITY);
  close_nest(&batch, hook);
  put_text(&batch, NFTA_CHAIN_TYPE, "nat");
  end(&batch);

  begin_nft(&batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK);
  put_text(&batch, NFTA_RULE_TABLE, TABLE);
  put_text(&batch, NFTA_RULE_CHAIN, CHAIN);
  struct nlattr *list = nest(&batch, NFTA_RULE_EXPRESSIONS);
  destination_is_not_loopback(&batch);
  protocol_is_tcp(&batch);
  redirect_to_listener(&batch);
  close_nest(&batch, list);
  end(&batch);
  edge(&batch, NFNL_MSG_BATCH_END);
  return exchange(NETLINK_NETFILTER, &batch, 1);
}

static int bound(int type, uint32_t address, uint16_t port) {
  int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  struct sockaddr_in place = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
  if (bind(fd, (struct sockaddr *)&place, sizeof place) == 0) return fd;
  int number = errno;
  close(fd);
  errno = number;
  return -1;
}

const char *network_redirect(struct network *network) {
  if (make_every_address_local() != 0) return "cannot add a route to the sandbox's network";
  if (add_rule() != 0) return "cannot redirect the sandbox's connections (the kernel needs nftables with nat and redir)";
  network->listener = bound(SOCK_STREAM, INADDR_LOOPBACK, KS_LISTENER_PORT);
  if (network->listener < 0 || listen(network->listener, 4096) != 0) return "cannot listen for the sandbox's connections";
  network->names = bound(SOCK_DGRAM, KS_RESOLVER_ADDRESS, KS_RESOLVER_PORT);
  if (network->names < 0) return "cannot open the sandbox's resolver";
  return NULL;
}

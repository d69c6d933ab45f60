import { BlockList, isIPv6 } from "node:net";

/** What is not public: https://www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry */
const NOT_PUBLIC: readonly [string, number, "ipv4" | "ipv6"][] = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.0.2.0", 24, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["198.18.0.0", 15, "ipv4"],
  ["198.51.100.0", 24, "ipv4"],
  ["203.0.113.0", 24, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
  ["::", 127, "ipv6"],
  ["64:ff9b::", 96, "ipv6"],
  ["64:ff9b:1::", 48, "ipv6"],
  ["100::", 64, "ipv6"],
  ["2001::", 23, "ipv6"],
  ["2001:db8::", 32, "ipv6"],
  ["2002::", 16, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"],
];

const blocked = new BlockList();
for (const [net, prefix, family] of NOT_PUBLIC) blocked.addSubnet(net, prefix, family);

/** Whether an address is one of the public internet; an IPv4 address in IPv6 clothes counts as what it is. */
export function isPublic(address: string): boolean {
  return !blocked.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/** Of the private networks of an organisation. Never a host's own, nor link-local ones, where clouds have their metadata. */
const INSIDE: typeof NOT_PUBLIC = [
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["fc00::", 7, "ipv6"],
];
/** Clouds' metadata at addresses that look like anybody's. */
const METADATA: typeof NOT_PUBLIC = [
  ["100.100.100.200", 32, "ipv4"],
  ["fd00:ec2::254", 128, "ipv6"],
];
const inside = new BlockList();
for (const [net, prefix, family] of INSIDE) inside.addSubnet(net, prefix, family);
const metadata = new BlockList();
for (const [net, prefix, family] of METADATA) metadata.addSubnet(net, prefix, family);

/** Whether an address is one of a private network, in which hosts of the operator may lie. */
export function isInside(address: string): boolean {
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  return inside.check(address, family) && !metadata.check(address, family);
}

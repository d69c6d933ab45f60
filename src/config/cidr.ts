import { BlockList, isIP } from "node:net";

/**
 * What no preview may reach, whoever asks: link-local addresses with the clouds' metadata services, the node itself, and what carries such an
 * address inside another (IPv4 in IPv6, NAT64).
 */
const NEVER: readonly (readonly [address: string, prefix: number])[] = [
  ["169.254.0.0", 16],
  ["127.0.0.0", 8],
  ["0.0.0.0", 8],
  ["100.100.100.200", 32],
  ["168.63.129.16", 32],
  ["192.0.0.192", 32],
  ["::", 127],
  ["fe80::", 10],
  ["fd00:ec2::", 32],
  ["fd20:ce::", 32],
  ["::ffff:0:0", 96],
  ["64:ff9b::", 96],
];

const family = (address: string): "ipv4" | "ipv6" => (isIP(address) === 6 ? "ipv6" : "ipv4");

/** What is wrong with `10.2.0.0/16` as a range that a preview may reach; undefined where nothing is. */
export function problemOfCidr(text: string): string | undefined {
  const match = /^([0-9a-fA-F.:]{2,45})\/(\d{1,3})$/.exec(text);
  const [address, prefix] = [match?.[1] ?? "", Number(match?.[2])];
  const bits = { 4: 32, 6: 128 }[isIP(address)];
  if (bits === undefined || prefix > bits) return "this is no range of addresses such as `10.2.0.0/16`";
  const own = new BlockList();
  own.addSubnet(address, prefix, family(address));
  const meets = NEVER.some(([start, size]) => {
    if (family(start) !== family(address)) return false;
    const never = new BlockList();
    never.addSubnet(start, size, family(start));
    // Of two ranges that meet, one lies in the other.
    return never.check(address, family(address)) || own.check(start, family(start));
  });
  return meets ? "the range meets addresses of the node or of a cloud's metadata service" : undefined;
}

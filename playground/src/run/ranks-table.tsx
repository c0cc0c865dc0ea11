/** What each rank read, sent, received and held; how evenly. */
import { busyOf, isExchange, leftOutOf, peakOf, type Profile, rowsReadOf, skewOf } from "./profile.ts";
import { bytes, count, milliseconds } from "./units.ts";

export function RanksTable({ profile }: { profile: Profile }) {
  const ranks = Array.from({ length: profile.ranks }, (_, rank) => rank);
  const measures = [
    { name: "rows read", of: (rank: number) => rowsReadOf(profile, rank), shown: count },
    ...leftOutOf(profile).map((measure) => ({ ...measure, shown: count })),
    { name: "busy", of: (rank: number) => busyOf(profile, rank), shown: milliseconds },
    { name: "peak memory", of: (rank: number) => peakOf(profile, rank), shown: bytes },
  ];
  const exchanges = profile.executions.flatMap((e, n) => e.operators.filter(isExchange).map((operator) => ({ operator, execution: n })));
  return (
    <>
      <table class="tables">
        <caption class="sr-only">Load of the ranks</caption>
        <thead><tr><th scope="col">Load</th>{ranks.map((rank) => <th scope="col">rank {rank}</th>)}<th scope="col">skew: largest by mean</th></tr></thead>
        <tbody>
          {measures.map(({ name, of, shown }) => (
            <tr><th scope="row">{name}</th>{ranks.map((rank) => <td>{shown(of(rank))}</td>)}<td>{skewOf(ranks.map(of)).toFixed(2)} ×</td></tr>
          ))}
        </tbody>
      </table>
      <Bytes profile={profile} />
      {exchanges.length > 0 && (
        <table class="tables">
          <caption class="sr-only">Exchanges</caption>
          <thead><tr><th scope="col">Exchange</th>{ranks.map((rank) => <th scope="col">rank {rank}: sent, received</th>)}</tr></thead>
          <tbody>
            {exchanges.map(({ operator, execution }) => (
              <tr>
                <th scope="row">{operator.name}<div class="details">execution {execution + 1}, {operator.detail}</div></th>
                {operator.ranks.map((c) => <td>{bytes(c.bytesSent)}, {bytes(c.bytesReceived)}<div class="details">{count(c.rows)} rows in{c.rowsSplit ? `, ${count(c.rowsSplit)} of heavy keys sent elsewhere` : ""}</div></td>)}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

/** Rank by rank, rows and what collectives carry. */
function Bytes({ profile }: { profile: Profile }) {
  const ranks = Array.from({ length: profile.ranks }, (_, rank) => rank);
  if (profile.ranks < 2) return null;
  const sent = (from: number, to: number) => profile.executions.reduce((sum, e) => sum + (e.sent?.[from]?.[to] ?? 0), 0);
  const others = (rank: number) => ranks.filter((other) => other !== rank);
  const total = (list: readonly number[]) => bytes(list.reduce((sum, n) => sum + n, 0));
  return (
    <table class="tables bytes">
      <caption class="sr-only">Bytes by sender and receiver</caption>
      <thead><tr><th scope="col">Bytes</th>{ranks.map((to) => <th scope="col">to rank {to}</th>)}<th scope="col">sent in all</th></tr></thead>
      <tbody>
        {ranks.map((from) => <tr><th scope="row">from rank {from}</th>{ranks.map((to) => <td>{from === to ? "–" : bytes(sent(from, to))}</td>)}<td>{total(others(from).map((to) => sent(from, to)))}</td></tr>)}
        <tr><th scope="row">received in all</th>{ranks.map((to) => <td>{total(others(to).map((from) => sent(from, to)))}</td>)}<td /></tr>
      </tbody>
    </table>
  );
}

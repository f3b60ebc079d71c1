"""How the inventory's page looks: its style sheet, light and dark, on a screen and on paper."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2127; --dim: #59636e; --line: #d5dae0; --page: #fff; --band: #f3f5f8;
  --good: #1a5fb4; --money: #b3261e; --money-band: #fdeceb; --doubt: #8a5a00; --doubt-band: #fff4dc; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --dim: #a0abb6; --line: #3a434d; --page: #14181c;
  --band: #1e242a; --good: #7fb4ff; --money: #ff8a80; --money-band: #3b1f1f; --doubt: #f2c063;
  --doubt-band: #35290f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 100rem; color: var(--ink); background: var(--page);
  font: 15px/1.45 system-ui, "Segoe UI", "Liberation Sans", sans-serif; overflow-wrap: break-word; }
h1 { margin: 0; font-size: 1.7rem; } h2 { margin: 2.2rem 0 .6rem; font-size: 1.25rem; }
h3 { margin: 0 0 .4rem; font-size: 1.05rem; }
header p { margin: .25rem 0; } small { color: var(--dim); font-size: .82rem; }
.looked { display: inline-block; padding: .3rem .6rem; border-radius: .3rem; background: var(--band); }
.looked.declared { color: var(--doubt); background: var(--doubt-band); }
.facts { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0; padding: 0; list-style: none; }
.facts li { padding: .4rem .8rem; border: 1px solid var(--line); border-radius: .4rem; color: var(--dim); }
.facts b { display: block; color: var(--ink); font-size: 1.35rem; line-height: 1.2; }
.legend p { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: .3rem 0; color: var(--dim); font-size: .9rem; }
table.matrix { width: 100%; border-collapse: separate; border-spacing: 0; font-size: .87rem; }
.matrix th, .matrix td { padding: .4rem .5rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
.matrix thead th { position: sticky; top: 0; z-index: 2; vertical-align: bottom; background: var(--page);
  border-bottom: 2px solid var(--line); white-space: nowrap; }
.matrix thead th.permission { padding: .4rem .1rem; text-align: center; }
.permission span { writing-mode: vertical-rl; transform: rotate(180deg); font-weight: 500; }
.permission.high span { color: var(--money); font-weight: 700; }
.matrix tr.account th { padding-top: 1rem; background: var(--band); font-size: .95rem; }
.matrix tr.account small { margin-left: .8rem; font-weight: 400; }
.matrix tbody th[scope=row] { min-width: 11rem; font-weight: 600; }
.matrix th[scope=row] small { display: block; font-weight: 400; }
.matrix td.cell { padding: .4rem .1rem; min-width: 2rem; text-align: center; white-space: nowrap; }
.matrix td.addresses { min-width: 9rem; } .matrix .number { text-align: right; white-space: nowrap; }
.matrix td.step { white-space: nowrap; } .step small { display: block; }
.mark { display: inline-block; width: .72rem; font-style: normal; text-align: center; color: var(--dim); }
.mark.yes { color: var(--good); } .mark.unknown { color: var(--doubt); font-weight: 700; }
.holds.high .yes { color: var(--money); }
.pair { font-style: normal; } .pair.differs { outline: 2px solid var(--money); outline-offset: 1px;
  border-radius: .3rem; }
.matrix td.cell:nth-child(odd) { background: var(--band); }
.matrix td.cell.holds.high { background: var(--money-band); }
.key-risk { display: inline-block; width: .9rem; height: .9rem; vertical-align: -.1rem; background: var(--money-band);
  border: 1px solid var(--money); border-radius: .2rem; }
tr.differs > th[scope=row] { box-shadow: inset 4px 0 var(--money); padding-left: .8rem; }
tr.unknown > th[scope=row] { box-shadow: inset 4px 0 var(--doubt); padding-left: .8rem; }
.late, .late small, .warn, .stale, .matrix small.stale, .difference { color: var(--money); }
.doubt { color: var(--doubt); }
section.account { margin: 0 0 1rem; padding: 1rem 1.2rem; border: 1px solid var(--line); border-radius: .5rem;
  break-inside: avoid; }
section.account ul { margin: .6rem 0 0; padding: 0; list-style: none; }
section.account li { padding: .45rem 0; border-top: 1px solid var(--line); }
section.account li small { display: block; } section.account li p { margin: .15rem 0; font-size: .88rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; } dd { margin: 0; }
dt { color: var(--dim); }
footer { margin-top: 2rem; color: var(--dim); font-size: .85rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 70rem) { main { overflow-x: auto; } .matrix thead th { position: static; } }
@media print { @page { size: A4 landscape; margin: 12mm; } body { padding: 0; max-width: none; font-size: 9pt; }
  :root { --ink: #000; --dim: #444; --line: #999; --page: #fff; --band: #eee; --good: #000; --money: #900;
    --money-band: #fdd; --doubt: #640; --doubt-band: #fec; }
  * { print-color-adjust: exact; } .matrix { font-size: 8pt; } .matrix thead { display: table-header-group; }
  .matrix thead th { position: static; } .matrix tr { break-inside: avoid; } }
"""

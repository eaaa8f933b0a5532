"""How often each digit occurs in a dataset, and what is wrong with the data."""

import streamlit as st

from digitrec.charts.data import label_bars
from digitrec.datasets import check
from digitrec.datasets.exploration.labels import count_labels, describe_balance
from digitrec.datasets.exploration.selection import select
from digitrec.glossary import explain
from digitrec.ui import state
from digitrec.ui.cache import findings
from digitrec.ui.data.choice import choose_digits, choose_writer
from digitrec.ui.messages import as_plain_text, begin_page
from digitrec.ui.source_code import show_functions

begin_page(
    "labels",
    "Labels",
    "Check the data before you train on it: a network learns frequent digits better than rare ones.",
)
data, name, split = choose_digits()

with st.container(horizontal=True, vertical_alignment="bottom"):
    order = st.segmented_control(
        "Sort by", ["digit", "count"], default=state.LABEL_ORDER.default, required=True, **state.LABEL_ORDER.widget
    )
    writer = choose_writer(split)
    some = st.number_input(
        "Random sample",
        1,
        max(1, len(split)),
        None,
        placeholder="all",
        help="Number of images, drawn at random; empty: all.",
        width=200,
        **state.SOME.widget,
    )
    seed = st.number_input(
        "Seed", 0, 9999, 0, disabled=some is None, width=120, help=explain("seed"), **state.LABEL_SEED.widget
    )
chosen = select(split, writer=writer, order="random", seed=seed)[:some]
counts = count_labels(split.labels[chosen])
if len(chosen) < len(split):
    st.caption(f"{len(chosen):,} of {len(split):,} images.")
alt = "Number of images of each digit: " + ", ".join(f"{digit} {n:,}" for digit, n in enumerate(counts["count"]))
st.plotly_chart(label_bars(counts, order), width="stretch", config={"displayModeBar": False}, alt=alt)
st.markdown(describe_balance(counts), help=explain("class balance"))

st.subheader("Data quality", anchor=False)
problems = [finding for finding in findings(data) if finding.split == name]
st.markdown("\n".join(f"- {as_plain_text(finding.sentence)}" for finding in problems) or "No problems were found.")
for finding in problems:
    if len(finding.places):
        with st.expander(f"Affected images: {finding.kind}"):
            st.dataframe({"image": finding.places}, height=200)

with st.expander("Table"):
    st.dataframe(counts, hide_index=True, column_config={"fraction": st.column_config.NumberColumn(format="percent")})
    st.download_button(
        "Download (CSV)",
        counts.to_csv(index=False),
        f"labels-{data.name}-{name}.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
st.caption(as_plain_text(f"{data.source}. {data.licence}."))
show_functions(count_labels, describe_balance, check)

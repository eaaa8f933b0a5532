"""How often each digit occurs in the data that a network learns from."""

import streamlit as st

from digitrec.charts.data import label_bars
from digitrec.datasets import check
from digitrec.datasets.exploration.labels import count_labels, describe_balance
from digitrec.datasets.exploration.selection import select
from digitrec.ui import state
from digitrec.ui.cache import findings
from digitrec.ui.data.sources import choose_digits, choose_writer
from digitrec.ui.messages import as_plain_text, begin_page
from digitrec.ui.source_code import show_functions

begin_page(
    "labels",
    "Labels",
    "A network believes that the world is as its data. Look how often each digit occurs before you train on it.",
)
data, name, split = choose_digits()

with st.container(horizontal=True, vertical_alignment="bottom"):
    order = st.segmented_control(
        "Sorted by", ["digit", "count"], default=state.LABEL_ORDER.default, required=True, **state.LABEL_ORDER.widget
    )
    writer = choose_writer(split)
    some = st.number_input(
        "Only so many, at random",
        1,
        max(1, len(split)),
        None,
        placeholder="all",
        width=200,
        **state.SOME.widget,
    )
    seed = st.number_input("Seed", 0, 9999, 0, disabled=some is None, width=120, **state.LABEL_SEED.widget)
chosen = select(split, writer=writer, order="random", seed=seed)[:some]
counts = count_labels(split.labels[chosen])
if len(chosen) < len(split):
    st.caption(f"{len(chosen):,} of {len(split):,} images.")
alt = "Images of each digit: " + ", ".join(f"{digit} {n:,}" for digit, n in enumerate(counts["count"]))
st.plotly_chart(label_bars(counts, order), width="stretch", config={"displayModeBar": False}, alt=alt)
st.markdown(describe_balance(counts))

st.subheader("What is odd about it", anchor=False)
odd = [finding for finding in findings(data) if finding.split == name]
st.markdown("\n".join(f"- {as_plain_text(finding.sentence)}" for finding in odd) or "Nothing odd was found.")
for finding in odd:
    if len(finding.places):
        with st.expander(f"Which images: {finding.kind}"):
            st.dataframe({"place": finding.places}, height=200)

with st.expander("The table"):
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

"""A page of Streamlit."""

import streamlit as st

st.session_state.setdefault("count", 0)
if st.button("Count"):
    st.session_state["count"] += 1
st.write(f"clicks: {st.session_state['count']}")

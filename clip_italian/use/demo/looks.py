"""How the demo's page looks. The fonts are the machine's own: none is fetched."""

import gradio as gr

THEME = gr.themes.Default(primary_hue="green", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
STYLE = """
.gradio-container { width: 100%; max-width: 1180px !important; margin: 0 auto !important }
/* As narrow as the window, not as the row of tabs: of these Gradio puts into a menu what has no room. */
.gradio-container .main, .gradio-container .wrap, .gradio-container main, .tab-wrapper { min-width: 0 }
#language .wrap { justify-content: flex-end }
#notice { border-left: 4px solid var(--primary-500); background: var(--primary-50); padding: .5rem 1rem; border-radius: 4px }
.dark #notice { background: var(--neutral-800) }
#go { align-self: center; height: 44px; flex-grow: 0 }
.block .label-wrap, .block label > span { font-size: .9rem }

/* Pictures with what is said of them below, not over them. */
.pictures .grid-wrap { height: auto !important; max-height: none !important; min-height: 0 !important }
.pictures .grid-wrap { overflow: visible; padding: 0 }
.pictures .grid-container { grid-auto-rows: auto; grid-template-rows: none }
.pictures { border-width: 0 !important; min-height: 0 !important; height: auto !important; background: none }
.pictures .thumbnail-lg { display: flex; flex-direction: column; aspect-ratio: auto; height: auto; overflow: hidden }
.pictures .thumbnail-lg > img { aspect-ratio: 1; width: 100%; height: auto; object-fit: contain; background: var(--neutral-100) }
.dark .pictures .thumbnail-lg > img { background: var(--neutral-800) }
.pictures .caption-label {
  position: static; max-width: none; width: 100%; white-space: normal; overflow-wrap: anywhere; text-align: left;
  border: none; border-radius: 0; padding: .3rem .4rem; line-height: 1.3; min-height: 3.2em; font-variant-numeric: tabular-nums
}
.pictures .thumbnail-lg:hover .caption-label { opacity: 1 }
.pictures .empty { min-height: 12rem }
/* What went wrong is said in words, in the language of the page: Gradio's own word for it stays out. */
.toast-wrap { top: auto !important; bottom: 1rem }  /* not over the choice of language */
.toast-title-row { visibility: hidden }
[data-testid="status-tracker"]:has(.error) { display: none !important }
.meta-text, .meta-text-center, .progress-text { display: none !important }
.shelf { gap: .2rem !important }

@media (max-width: 720px) {
  #head { flex-direction: column }
  #language .wrap { justify-content: flex-start }
  .pictures .grid-container { grid-template-columns: repeat(2, 1fr) !important }
  .tab-container button { padding: 0 .4rem; font-size: .85rem }
}

.confidence-set { font-family: inherit !important; line-height: 1.3 !important }
.confidence-set .bar { height: .55rem !important; background: var(--primary-500) !important; border-radius: 3px }
.confidence-set .bar::-webkit-meter-inner-element, .confidence-set .bar::-webkit-meter-bar,
.confidence-set .bar::-webkit-meter-optimum-value { background: none !important; border: none !important }
.picture .image-frame, .picture .image-frame button, .picture img { width: 100%; height: 100%; object-fit: contain }
#results table, #results th, #results td { border-color: var(--border-color-primary) !important }
#results table { display: block; overflow-x: auto; overflow-wrap: normal; word-break: normal }
#results table { font-variant-numeric: tabular-nums; font-size: .85rem }
#results th, #results td { padding: .35rem .6rem !important }
"""

"""A notebook is executed: what a cell ends with is shown as HTML."""

import pytest

nbclient = pytest.importorskip("nbclient", reason="pip install -e '.[docs]' brings what executes notebooks")
pytest.importorskip("ipykernel", reason="pip install -e '.[docs]' brings the kernel of notebooks")

CELLS = (
    "import featherbone as fb; graph = fb.network('mobilenet_v2', width=0.5); graph",
    "fb.count(graph)",
    "from featherbone.cost import compare; compare([graph, fb.network('squeezenet')])",
    "from featherbone.report import read_run; read_run('run')",
)


@pytest.mark.long
@pytest.mark.filterwarnings("default")  # Jupyter's own
def test_every_value_shows_itself_in_an_executed_notebook(make_run):
    import nbformat

    folder = make_run(finished=True).parent
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    for cell in notebook.cells:
        (output,) = [each for each in cell.outputs if each.output_type == "execute_result"]
        assert "background:#fff" in output["data"]["text/html"], cell.source

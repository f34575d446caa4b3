"""The composition root: each room's functions, and nothing else."""

import azure.functions as func

from functions.dataverse import connection as dataverse
from functions.dataverse import triggers as dataverse_triggers
from functions.erp import connection as erp
from functions.erp import triggers as erp_triggers
from functions.lms import connection as lms
from functions.lms import triggers as lms_triggers
from functions.operations import triggers as operations_triggers
from functions.salesforce import connection as salesforce
from functions.salesforce import triggers as salesforce_triggers
from shared import wiring

hub = wiring.from_environment(
    {
        "salesforce": salesforce.connect,
        "lms": lms.connect,
        "dataverse": dataverse.connect,
        "erp": erp.connect,
    }
)

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(salesforce_triggers.blueprint(hub))
app.register_functions(lms_triggers.blueprint(hub))
app.register_functions(dataverse_triggers.blueprint(hub))
app.register_functions(erp_triggers.blueprint(hub))
app.register_functions(operations_triggers.blueprint(hub))

shutdown = hub.close

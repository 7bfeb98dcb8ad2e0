"""Changes that a root key makes: to projects and their settings, clients, definitions. Each change is one action."""

from query.manage.action import Action
from query.manage.audit import AUDIT
from query.manage.clients import CLIENTS
from query.manage.definitions import DEFINITIONS
from query.manage.projects import PROJECTS

ACTIONS: tuple[Action, ...] = (*PROJECTS, *CLIENTS, *DEFINITIONS, *AUDIT)
